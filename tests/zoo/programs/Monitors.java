// SPDX-License-Identifier: MIT
// Two threads that take two monitors in opposite order; "idle": a pool with nothing to do.
import java.nio.file.*;
import java.util.concurrent.*;

public class Monitors {
	static final Object fork = new Object(), knife = new Object();
	static final CountDownLatch both = new CountDownLatch(2);

	static void say(String line) throws Exception {
		Files.writeString(Path.of(System.getenv("ZOO_HELLO")), line + "\n", StandardOpenOption.APPEND);
	}

	static void eat(Object first, Object second) {
		synchronized (first) {
			try {
				both.countDown();
				both.await();
				say("role holder" + Thread.currentThread().getName() + " " + ProcessHandle.current().pid());
			} catch (Exception problem) {
				throw new RuntimeException(problem);
			}
			synchronized (second) {
				System.exit(0);
			}
		}
	}

	public static void main(String[] words) throws Exception {
		if (words.length > 0) {
			ExecutorService pool = Executors.newFixedThreadPool(4);
			for (int number = 0; number < 8; number++)
				pool.submit(() -> 1).get();
			say("role java " + ProcessHandle.current().pid());
			return;
		}
		new Thread(() -> eat(fork, knife), "1").start();
		new Thread(() -> eat(knife, fork), "2").start();
		say("role java " + ProcessHandle.current().pid());
	}
}
