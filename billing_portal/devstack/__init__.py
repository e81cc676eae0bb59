"""What the demo and the tests start: embedded servers and the programs around them.

The product never imports this package.
"""
