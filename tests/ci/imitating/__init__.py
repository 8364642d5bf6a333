# SPDX-License-Identifier: MIT
"""CI runners, as far as a step sees them."""
