# SPDX-License-Identifier: MIT
"""Leaving processes behind, and asking wedgereap for them."""
