"""Search an index of films: by text, by film, by region; every hit with its reasons."""

from explorer.ui.components.retrieve import retrieve

if __name__ == "__main__":
    retrieve()
