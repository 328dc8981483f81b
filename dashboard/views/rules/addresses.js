// A plain click on a[data-rules-go] goes to Python; with a modifier key, or before this runs, it is a link as
// any other.
export default function ({ data, setTriggerValue }) {
  if (data.forget) sessionStorage.removeItem(`faregate-expression-${data.forget}`);
  const follow = (event) => {
    const link = event.target.closest?.("a[data-rules-go]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    setTriggerValue("address", link.dataset.rulesGo);
  };
  document.addEventListener("click", follow);
  document.body.dataset.rulesFollowed = "";
  return () => {
    document.removeEventListener("click", follow);
    delete document.body.dataset.rulesFollowed;
  };
}
