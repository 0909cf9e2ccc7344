"""The main page: a radiograph, its report, and for every sentence the region it speaks of."""

from explorer.ui.components.stage import stage

if __name__ == "__main__":
    stage()
