"""ResNet Explorer: `python main.py` opens the window, `python main.py --help` lists what else it does."""

import sys

from explorer.cli import main

sys.exit(main(sys.argv[1:]))
