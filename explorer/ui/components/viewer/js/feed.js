// The feed element: hands maps and sentences to the viewer of the same key.
export default function feed() {}
