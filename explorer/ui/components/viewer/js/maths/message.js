// Reads the binary message that packing.py writes: JSON header, then blobs.

const MAGIC = "RGX1";

/**
 * Parse a message. `blob(i)` is a view of blob i, `floats(i)` its copy as float32 in row order.
 * @param {Uint8Array} bytes
 */
export function readMessage(bytes) {
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  if (magic !== MAGIC) throw new Error(`The viewer's message must start with ${MAGIC}, got ${magic}.`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(4, true);
  const start = 8 + length;
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  const blob = (index) => {
    const [offset, size] = header.blobs[index];
    return bytes.subarray(start + offset, start + offset + size);
  };
  const floats = (index) => new Float32Array(blob(index).slice().buffer);
  return { body: header.body, blob, floats, bytes };
}
