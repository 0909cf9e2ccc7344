// The whole screen for the viewer, and back.

/** Switch the viewer's root between the page and the whole screen. */
export async function toggleFullScreen(viewer) {
  const { root } = viewer;
  // Inside a shadow tree only its own root names the element; the document names the host.
  if (root.getRootNode().fullscreenElement === root) return document.exitFullscreen();
  try {
    return await root.requestFullscreen();
  } catch {
    return viewer.say("This browser does not give the whole screen to the viewer.");
  }
}
