// Goes to another page of the console as the browser's own way back does: at once, without loading anything
// anew, and after Streamlit stopped what refreshes itself on this page, which would else wipe out the next.
let gone = null;

export default function ({ data }) {
  if (data.key === gone) return;
  gone = data.key;
  history.pushState({}, "", new URL(data.to, location.href));
  window.dispatchEvent(new PopStateEvent("popstate"));
}
