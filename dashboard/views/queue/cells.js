// Puts what changed meanwhile into the rows that are shown; the rows themselves stay where they are.
export default function ({ data }) {
  for (const [id, moved] of Object.entries(data.rows)) {
    const row = document.querySelector(`.fg-queue tr[data-row="${CSS.escape(id)}"]`);
    if (!row || Number(row.dataset.revision) > Number(moved.revision)) continue;
    put(row.querySelector("td.fg-age"), moved.age);
    put(row.querySelector("td.fg-state"), moved.state);
    row.className = moved.look;
    row.dataset.revision = moved.revision;
  }
}

function put(cell, html) {
  if (cell && cell.innerHTML !== html) cell.innerHTML = html; // escaped where it was written
}
