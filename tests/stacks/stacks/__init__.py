# SPDX-License-Identifier: MIT
"""Right frames: wedgestack beside eu-stack, gdb, and call chains that are known beforehand."""
