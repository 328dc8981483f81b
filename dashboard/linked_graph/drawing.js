// Puts a drawing into the page where the page's own style reaches it; Python has escaped all that is data.
export default function ({ parentElement, data }) {
  let place = parentElement.querySelector(".fg-drawing");
  if (!place) {
    place = document.createElement("div");
    place.className = "fg-drawing";
    parentElement.appendChild(place);
  }
  if (place.drawn !== data.svg) {
    place.innerHTML = data.svg;
    place.drawn = data.svg;
  }
}
