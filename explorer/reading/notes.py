"""Notes that more than the reader of a file asks for; the decoding child and the app share them."""

LATERAL_NOTE = "The file states a lateral view; the maps are made for frontal views."
PROCESSING_NOTE = (
    "The file is marked FOR PROCESSING: these are raw detector values without the contrast of a "
    "film for reading, so maps may be wrong. Use the FOR PRESENTATION image of the same study."
)
DARK_NOTE = "The file states that bone is dark in it; invert it to see it as films are read."
INVERTED_NOTE = "The image was inverted on request: bright and dark are exchanged."
TURNED_NOTE = "The image was turned on request; boxes refer to it as it is shown."
