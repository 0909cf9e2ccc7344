"""Checkpoints measured on phrases whose place is known, with protocols, intervals and runs kept."""

from explorer.ui.components.evaluate import evaluate

if __name__ == "__main__":
    evaluate()
