// Tells when a case has been looked at for a moment: whoever leafs through cases shall not wait for their maps.
const AFTER_MS = 350;

let later; // of the case before too: a redrawn part is called anew and not cleaned up before

export default function ({ data, setStateValue }) {
  clearTimeout(later);
  const mine = (later = setTimeout(() => setStateValue("settled", data.decision), AFTER_MS));
  return () => clearTimeout(mine);
}
