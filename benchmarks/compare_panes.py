"""Do four linked panes of 2048 x 2048 keep up with a hand, a phrase switch and a difference?

Run: python benchmarks/compare_panes.py [--steps 40]
Needs Chromium or Chrome, as viewer_frames.py does; each pane has maps of its own.
"""

import argparse

from viewer_frames import run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=40)
    run("compare_panes", steps=parser.parse_args().steps, panes=4)
