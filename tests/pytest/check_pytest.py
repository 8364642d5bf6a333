#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The part of tests/pytest that takes no time: for make check, from the build directory."""
import os
import sys

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run")
os.execv(sys.executable, [sys.executable, RUN, "--quick", "--quiet"])
