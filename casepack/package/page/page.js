/* Figures enlarged, the diagnosis in print, and where the reader is. */
document.documentElement.dataset.script = "on";

(() => {
  const box = document.getElementById("lightbox");
  const links = [...document.querySelectorAll(".figure-link")];
  const part = (name) => document.getElementById(`lightbox-${name}`);
  let place = 0;
  let outlined = true;
  let magnified = false;

  const draw = () => {
    const link = links[place];
    const { plain, detail } = link.dataset;
    const near = magnified && detail;
    part("image").src = near || (!outlined && plain) || link.getAttribute("href");
    part("image").alt = link.querySelector("img").alt;
    part("caption").textContent = link.closest("figure").querySelector(".caption").textContent;
    part("count").textContent = `Figure ${link.dataset.number}`;
    part("outline").hidden = !plain;
    part("outline").disabled = Boolean(near);
    part("outline").setAttribute("aria-pressed", outlined && !near);
    part("detail").hidden = !detail;
    part("detail").setAttribute("aria-pressed", Boolean(near));
    for (const name of ["previous", "next"]) part(name).hidden = links.length < 2;
  };
  part("detail").addEventListener("click", () => { magnified = !magnified; draw(); });
  const turn = (step) => { place = (place + step + links.length) % links.length; draw(); };

  links.forEach((link, number) => link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    place = number;
    magnified = event.target.matches(".detail");
    draw();
    box.showModal();
  }));
  part("close").addEventListener("click", () => box.close());
  part("previous").addEventListener("click", () => turn(-1));
  part("next").addEventListener("click", () => turn(1));
  part("outline").addEventListener("click", () => { outlined = !outlined; draw(); });
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") turn(-1);
    if (event.key === "ArrowRight") turn(1);
  });

  for (const button of document.querySelectorAll("[data-view-stack]")) {
    button.addEventListener("click", () => viewer.show(Number(button.dataset.viewStack), Number(button.dataset.viewImage)));
  }

  const diagnosis = document.querySelector(".diagnosis");
  if (diagnosis) {
    let wasOpen = false;
    addEventListener("beforeprint", () => { wasOpen = diagnosis.open; diagnosis.open = true; });
    addEventListener("afterprint", () => { diagnosis.open = wasOpen; });
  }

  const contents = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      contents.forEach((link) => link.removeAttribute("aria-current"));
      const link = contents.get(entry.target.id);
      link.setAttribute("aria-current", "true");
      link.closest("ul").scrollTo({ left: link.offsetLeft - 60 });
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  contents.forEach((_, name) => { const target = document.getElementById(name); if (target) seen.observe(target); });
})();
