// A plain click on a[data-decision] goes to Python; with a modifier key, or before this runs, it is a link
// as any other.
export default function ({ setTriggerValue }) {
  const follow = (event) => {
    const link = event.target.closest?.("a[data-decision]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    setTriggerValue("decision", link.dataset.decision);
  };
  document.addEventListener("click", follow);
  document.body.dataset.linksFollowed = "";
  return () => {
    document.removeEventListener("click", follow);
    delete document.body.dataset.linksFollowed;
  };
}
