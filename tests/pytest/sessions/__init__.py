# SPDX-License-Identifier: MIT
"""Sessions of pytest that hang, and what must be said about it."""
