# SPDX-License-Identifier: MIT
"""Trouble: hostile input, hostile targets, and a machine that refuses."""
