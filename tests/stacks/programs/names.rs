// SPDX-License-Identifier: MIT
// names: what Rust calls functions: modules, generics, traits, closures; the main thread and another.
use std::hint::black_box;
use std::io::Write;

extern "C" {
    fn alarm(seconds: u32) -> u32;
    fn prctl(option: i32, value: u64, ...) -> i32;
    fn pause() -> i32;
}

mod shop {
    pub mod inner {
        #[inline(never)]
        pub fn park(a: u32) -> u32 {
            loop {
                unsafe { super::super::pause() };
                super::super::black_box(a);
            }
        }
    }

    pub trait Sells {
        fn sell(&self, a: u32) -> u32;
    }

    pub struct Stall<T>(pub T);

    impl<T: Copy + Into<u64>> Sells for Stall<T> {
        #[inline(never)]
        fn sell(&self, a: u32) -> u32 {
            let ret = inner::park(a + 1);
            super::black_box(ret) + self.0.into() as u32
        }
    }

    #[inline(never)]
    pub fn each<F: Fn(u32) -> u32>(f: F) -> u32 {
        let ret = f(super::black_box(4));
        super::black_box(ret) + 1
    }
}

use shop::Sells;

#[inline(never)]
fn chain(tell: bool) -> u32 {
    let stall: Box<dyn Sells> = black_box(Box::new(shop::Stall(7u32)));
    let ret = shop::each(|a| {
        if tell {
            println!("ready {}", std::process::id());
            std::io::stdout().flush().unwrap();
        }
        black_box(stall.sell(a)) + 1
    });
    black_box(ret) + 1
}

fn main() {
    unsafe {
        prctl(1, 9);
        alarm(120);
    }
    let thread = std::thread::Builder::new().name("seller".into()).spawn(|| black_box(chain(false)) + 1).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(50));
    black_box(chain(true));
    thread.join().unwrap();
}
