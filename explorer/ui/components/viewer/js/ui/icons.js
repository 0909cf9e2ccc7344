// Line icons of 20 x 20, drawn here so that no font or image is asked from the network.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  window: "M10 3a7 7 0 1 0 0 14a7 7 0 0 0 0-14zM10 3v14M10 6h4.5M10 9h6M10 12h5.8M10 15h3.5",
  pan: "M10 2.5v15M2.5 10h15M10 2.5l-2 2M10 2.5l2 2M10 17.5l-2-2M10 17.5l2-2M2.5 10l2-2M2.5 10l2 2M17.5 10l-2-2M17.5 10l-2 2",
  zoom: "M8.5 3a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11zM12.6 12.6L17 17M6.2 8.5h4.6M8.5 6.2v4.6",
  box: "M4 5.5h12v9H4zM4 5.5h0M3 4.5h2v2H3zM15 4.5h2v2h-2zM3 13.5h2v2H3zM15 13.5h2v2h-2z",
  ruler: "M2.8 13.2L13.2 2.8l4 4L6.8 17.2zM6 10l1.6 1.6M8.4 7.6l2.4 2.4M10.8 5.2l1.6 1.6",
  angle: "M16.5 15.5H3.5L13 4.500M9.500 15.500a6 6 0 0 0-2.200-4.400",
  lens: "M10 3.500a6.500 6.500 0 1 0 0 13a6.500 6.500 0 0 0 0-13zM10 7.500a2.500 2.500 0 1 0 0 5a2.500 2.500 0 0 0 0-5zM10 1v2.500M10 16.500V19M1 10h2.500M16.500 10H19",
  reset: "M3.500 9.500L10 4l6.500 5.500M5.500 8v8h9V8M8.500 16v-4h3v4",
  fullScreen: "M3.500 7.500v-4h4M12.500 3.500h4v4M16.500 12.500v4h-4M7.500 16.500h-4v-4",
  picture: "M3 4.500h14v11H3zM3 13l4-4l3.500 3.500l2.500-2.500l4 4M13 7.500h.2",
  measurements: "M10 3v9M6.500 9l3.500 3.500L13.500 9M4 16.500h12",
  fit: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4M7 7h6v6H7z",
  invert: "M10 3a7 7 0 1 0 0 14a7 7 0 0 0 0-14zM10 3v14M10 5.2a4.8 4.8 0 0 0 0 9.6z",
  flipHorizontal: "M10 2.5v15M8 6v8L3 14zM12 6v8l5 0z",
  flipVertical: "M2.5 10h15M6 8h8L14 3zM6 12h8l0 5z",
  turnRight: "M15.5 8.5A6 6 0 1 0 16 11M16 4v4.5h-4.5",
  turnLeft: "M4.5 8.5A6 6 0 1 1 4 11M4 4v4.5h4.5",
  overlay: "M3 12.5l7 4l7-4M3 9l7 4l7-4l-7-4z",
  contour: "M10 4c4 0 6.5 2.4 6.5 6s-3 6-6.5 6s-6.5-2-6.5-5.5S6.500 4 10 4zM10 8c1.800 0 3 .8 3 2.200s-1.200 2.300-3 2.300s-3-.7-3-2.100S8.200 8 10 8z",
  difference: "M8 4a5 5 0 1 0 0 10a5 5 0 0 0 0-10zM12 6a5 5 0 1 0 0 10a5 5 0 0 0 0-10zM6 9h4",
  region: "M4 4h12v12H4zM8 8h4v4H8z",
  clear: "M4 6h12M8 6V4h4v2M6 6l.8 10h6.400L14 6M8.500 9v4.500M11.500 9v4.500",
  help: "M10 3a7 7 0 1 0 0 14a7 7 0 0 0 0-14zM8 8.200c0-1.300.9-2 2-2s2 .8 2 1.900c0 1.500-2 1.600-2 3.200M10 13.600v.2",
  previous: "M12.500 4.500L7 10l5.500 5.500",
  next: "M7.500 4.500L13 10l-5.500 5.500",
};

/** An SVG element that takes the text colour; hidden from screen readers (the button is named). */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
