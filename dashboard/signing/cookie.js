// Streamlit cannot set cookies itself. An older tab must not take away what a newer one has set.
export default function ({ data }) {
  const held = document.cookie.split("; ").find((pair) => pair.startsWith(`${data.name}=`));
  if (!data.max_age_s && held !== `${data.name}=${data.token}`) return;
  const safely = location.protocol === "https:" ? "; Secure" : "";
  const token = data.max_age_s ? data.token : "";
  document.cookie = `${data.name}=${token}; Path=/; Max-Age=${data.max_age_s}; SameSite=Strict${safely}`;
}
