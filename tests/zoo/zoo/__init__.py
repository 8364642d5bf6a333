# SPDX-License-Identifier: MIT
"""The zoo: real hung programs, the truth about them, and what the tools must say."""
