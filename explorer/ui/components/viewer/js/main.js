// The viewer element: joins the radiographs it is given with the maps that its feed brings.
export default function viewer(component) {
  const root = component.parentElement.querySelector(".rgx");
  root.textContent = "Loading the radiograph";
}
