// Tells when a case has been looked at for a moment: whoever leafs through cases shall not wait for their maps.
const AFTER_MS = 350;

export default function ({ data, setStateValue }) {
  const later = setTimeout(() => setStateValue("settled", data.decision), AFTER_MS);
  return () => clearTimeout(later);
}
