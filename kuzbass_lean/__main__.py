"""``python -m kuzbass_lean`` is the command ``kuzbass-lean``."""

from kuzbass_lean.cli import main

main()
