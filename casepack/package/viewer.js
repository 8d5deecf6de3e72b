/* Stacks of pictures side by side: paged by wheel, drag, keys and touch, linked by position in mm. */
const viewer = (() => {
  const section = document.getElementById("images");
  if (!section) return null;
  const { stacks, timePoints, marks } = JSON.parse(document.getElementById("viewer-data").textContent);
  const shown = stacks.map((stack, place) => place).filter((place) => stacks[place].images.length);
  const pressed = { pair: true, link: true, outline: true, calipers: false, lines: true };
  const offsets = new Map();
  const kept = new Set();
  const status = document.getElementById("viewer-status");
  let viewports = [];
  let active = 0;
  let lastWheel = -Infinity;
  let announced = 0;

  const { dot, plus, minus, cross, normal, centre, project } = geometry;

  /* From one stack's coordinates to another's: nothing in one frame of reference, else what was
     set by hand, else what brings the same lesion to the same place. */
  const offsetBetween = (from, to) => {
    if (stacks[from].frameOfReference === stacks[to].frameOfReference) return [0, 0, 0];
    const key = `${stacks[from].timePoint}>${stacks[to].timePoint}`;
    if (offsets.has(key)) return offsets.get(key);
    for (const one of marks) {
      if (stacks[one.stack].frameOfReference !== stacks[from].frameOfReference) continue;
      const other = marks.find((mark) => mark.lesion === one.lesion
        && stacks[mark.stack].frameOfReference === stacks[to].frameOfReference);
      if (other) return minus(other.centre, one.centre);
    }
    return [0, 0, 0];
  };
  const counterpart = (from, to) => {
    const image = from.image();
    if (!image.position) return null;
    const point = plus(centre(image), offsetBetween(from.stack, to));
    let best = null;
    let least = Infinity;
    stacks[to].images.forEach((other, place) => {
      if (!other.position || Math.abs(dot(normal(image), normal(other))) < 0.9) return;
      const distance = Math.abs(dot(minus(point, other.position), normal(other)));
      if (distance < least - 1e-3) [best, least] = [place, distance];
    });
    return best;
  };
  const keyImage = (stack) => {
    const here = marks.filter((mark) => mark.stack === stack);
    const best = here.find((mark) => !mark.projected) || here[0];
    return best ? best.image : null;
  };

  const make = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const text = (dots) => dots.map((each) => each.join(",")).join(" ");

  class Viewport {
    constructor(number) {
      const template = document.getElementById("viewport-template").content.cloneNode(true);
      this.element = template.firstElementChild;
      this.number = number;
      this.find = (name) => this.element.querySelector(name);
      this.pane = this.find(".pane");
      this.stage = this.find(".stage");
      this.picture = this.find(".slice-image");
      this.overlay = this.find(".overlay");
      this.slider = this.find(".slice");
      this.travelled = 0;
      this.pointers = new Map();
      this.neutral();
      this.listen();
    }

    image() { return stacks[this.stack].images[this.index]; }

    neutral() { Object.assign(this, { brightness: 100, contrast: 100, zoom: 1, pan: [0, 0] }); }

    load(stack, index) {
      this.stack = stack;
      this.neutral();
      const count = stacks[stack].images.length;
      this.slider.max = count;
      this.slider.disabled = count < 2;
      this.index = Math.max(0, Math.min(count - 1, index));
      fetchAll(stack, this.index);
    }

    page(index, follow = true) {
      const place = Math.max(0, Math.min(stacks[this.stack].images.length - 1, index));
      const moved = place !== this.index;
      this.index = place;
      if (follow && pressed.link) {
        for (const other of viewports) {
          const target = other === this ? null : counterpart(this, other.stack);
          if (target !== null) other.page(target, false);
        }
      }
      if (moved) viewports.forEach((viewport) => viewport.draw());
      return moved;
    }

    draw() {
      const stack = stacks[this.stack];
      const image = this.image();
      const count = stack.images.length;
      const time = timePoints[stack.timePoint - 1];
      if (this.picture.getAttribute("src") !== image.file) this.picture.src = image.file;
      this.picture.alt = `${stack.label}, ${time}, image ${this.index + 1} of ${count}`;
      this.picture.style.filter = `brightness(${this.brightness}%) contrast(${this.contrast}%)`;
      this.stage.style.transform = `translate(${this.pan[0]}px, ${this.pan[1]}px) scale(${this.zoom})`;
      this.find(".brightness").value = this.brightness;
      this.find(".contrast").value = this.contrast;
      this.slider.value = this.index + 1;
      this.slider.setAttribute("aria-valuetext", `Image ${this.index + 1} of ${count}${image.place ? `, ${image.place}` : ""}`);
      this.slider.setAttribute("aria-label", `Image of ${stack.label}, ${time}`);
      this.pane.setAttribute("aria-label", `${this.picture.alt}. Arrow keys page.`);
      Object.assign(this.pane.dataset, { stack: this.stack, index: this.index });
      this.find(".pane-label").textContent = stack.label;
      this.find(".pane-time").textContent = time;
      this.find(".pane-count").textContent = `${this.index + 1} / ${count}`;
      this.find(".pane-position").textContent = image.place;
      const adjusted = this.brightness !== 100 || this.contrast !== 100 ? " *" : "";
      this.find(".pane-window").textContent = stack.window + adjusted;
      ["left", "right", "top", "bottom"].forEach((side, i) => {
        this.find(`.edge-${side}`).textContent = image.letters[i] || "";
      });
      this.drawMarks(image);
    }

    drawMarks(image) {
      this.overlay.setAttribute("viewBox", `0 0 ${image.width} ${image.height}`);
      this.overlay.replaceChildren();
      const here = marks.filter((mark) => mark.stack === this.stack && mark.image === this.index);
      for (const mark of here) {
        if (pressed.outline) {
          const kind = mark.projected ? "outline projected" : "outline";
          this.overlay.append(make("polygon", { class: "rim", points: text(mark.points) }));
          this.overlay.append(make("polygon", { class: kind, points: text(mark.points) }));
        }
        for (const axis of pressed.calipers ? mark.axes : []) {
          this.overlay.append(make("polyline", { class: "axis", fill: "none", points: text(axis) }));
        }
      }
      this.drawLine(image);
      this.find(".pane-lesion").textContent = pressed.outline || pressed.calipers
        ? here.map((mark) => (pressed.calipers && mark.size ? `${mark.label}: ${mark.size}` : mark.label)).join("; ") : "";
    }

    /* Where the plane of the other viewport cuts this image. */
    drawLine(image) {
      const other = viewports.find((viewport) => viewport !== this);
      if (!pressed.lines || !other || !image.position || !other.image().position) return;
      if (stacks[this.stack].frameOfReference !== stacks[other.stack].frameOfReference) return;
      const plane = other.image();
      const along = cross(normal(image), normal(plane));
      const size = Math.sqrt(dot(along, along));
      if (size < 0.5) return;
      const across = cross(along, normal(image));
      const distance = dot(minus(plane.position, centre(image)), normal(plane));
      const start = plus(centre(image), across, distance / dot(across, normal(plane)));
      const reach = 2000 / size;
      const ends = [plus(start, along, reach), plus(start, along, -reach)].map((end) => project(image, end));
      this.overlay.append(make("polyline", { class: "line", fill: "none", points: text(ends) }));
    }

    listen() {
      const { pane } = this;
      const activate = () => choose(this.number);
      pane.addEventListener("focus", activate);
      pane.addEventListener("pointerdown", (event) => { activate(); this.press(event); });
      pane.addEventListener("pointermove", (event) => this.drag(event));
      for (const name of ["pointerup", "pointercancel"]) {
        pane.addEventListener(name, (event) => { this.pointers.delete(event.pointerId); this.spread = 0; });
      }
      pane.addEventListener("contextmenu", (event) => event.preventDefault());
      pane.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
      pane.addEventListener("keydown", (event) => this.key(event));
      this.slider.addEventListener("input", () => { activate(); this.page(Number(this.slider.value) - 1); });
      for (const tone of ["brightness", "contrast"]) {
        const slider = this.find(`.${tone}`);
        slider.addEventListener("input", () => { this[tone] = Number(slider.value); this.draw(); });
      }
    }

    press(event) {
      this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
      try { this.pane.setPointerCapture(event.pointerId); } catch { /* the pointer is gone already */ }
      this.travelled = 0;
    }

    drag(event) {
      const before = this.pointers.get(event.pointerId);
      if (!before) return;
      const across = event.clientX - before[0];
      const down = event.clientY - before[1];
      this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
      if (this.pointers.size === 2) { this.pinch(); return; }
      if (event.buttons & 2) {
        this.contrast = Math.max(30, Math.min(300, this.contrast + across * 0.6));
        this.brightness = Math.max(30, Math.min(250, this.brightness - down * 0.6));
        this.draw();
      } else if (event.shiftKey || event.buttons & 4) {
        this.pan = [this.pan[0] + across, this.pan[1] + down];
        this.draw();
      } else {
        const step = Math.max(5, Math.min(24, this.pane.clientHeight / (1.5 * stacks[this.stack].images.length)));
        this.travelled += down;
        const whole = Math.trunc(this.travelled / step);
        this.travelled -= whole * step;
        if (whole) this.page(this.index + whole);
      }
    }

    pinch() {
      const [one, other] = [...this.pointers.values()];
      const spread = Math.hypot(one[0] - other[0], one[1] - other[1]);
      if (this.spread) this.magnify(spread / this.spread);
      this.spread = spread;
    }

    magnify(times) {
      const zoom = Math.max(1, Math.min(8, this.zoom * times));
      this.pan = zoom === 1 ? [0, 0] : this.pan.map((part) => (part * zoom) / this.zoom);
      this.zoom = zoom;
      this.draw();
    }

    /* At the ends of a stack the page scrolls on, but not out of a running movement. */
    wheel(event) {
      if (event.ctrlKey) { event.preventDefault(); this.magnify(Math.exp(-event.deltaY / 300)); return; }
      const delta = event.deltaY * (event.deltaMode ? 30 : 1);
      const end = delta < 0 ? 0 : stacks[this.stack].images.length - 1;
      const running = event.timeStamp - lastWheel < 500;
      if (this.index === end && !running) return;
      event.preventDefault();
      lastWheel = event.timeStamp;
      this.travelled = Math.sign(this.travelled) === Math.sign(delta) ? this.travelled + delta : delta;
      if (Math.abs(this.travelled) >= 40) { this.page(this.index + Math.sign(delta)); this.travelled = 0; }
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const last = stacks[this.stack].images.length - 1;
      const pages = {
        ArrowDown: this.index + 1, ArrowRight: this.index + 1, ArrowUp: this.index - 1, ArrowLeft: this.index - 1,
        PageDown: this.index + 5, PageUp: this.index - 5, Home: 0, End: last,
      };
      const tools = { l: "link", o: "outline", c: "calipers", x: "lines", k: "key", r: "reset", s: "pair", f: "screen" };
      if (event.key in pages) { this.page(pages[event.key]); announce(this); }
      else if (event.key === "+" || event.key === "=") this.magnify(1.25);
      else if (event.key === "-") this.magnify(0.8);
      else if (event.key.toLowerCase() in tools) use(tools[event.key.toLowerCase()]);
      else return;
      event.preventDefault();
    }
  }

  const announce = (viewport) => {
    clearTimeout(announced);
    announced = setTimeout(() => { status.textContent = viewport.slider.getAttribute("aria-valuetext"); }, 600);
  };

  /* All pictures of a stack, from the one shown outwards, so that paging never waits. */
  const fetchAll = (stack, index) => {
    if (kept.has(stack)) return;
    kept.add(stack);
    const files = stacks[stack].images.map((image, place) => [Math.abs(place - index), image.file]);
    files.sort((one, other) => one[0] - other[0]);
    stacks[stack].loaded = files.map(([, file]) => Object.assign(new Image(), { src: file }));
  };

  const choose = (number) => {
    active = Math.min(number, viewports.length - 1);
    viewports.forEach((viewport, place) => viewport.element.toggleAttribute("data-active", place === active && viewports.length > 1));
    for (const button of section.querySelectorAll("[data-stack-button]")) {
      const place = Number(button.dataset.stackButton);
      button.setAttribute("aria-pressed", viewports.some((viewport) => viewport.stack === place));
    }
  };

  const show = (number, stack, index) => {
    const viewport = viewports[number];
    viewport.load(stack, 0);
    const other = viewports.find((each) => each !== viewport && each.stack !== undefined);
    const linked = pressed.link && other ? counterpart(other, stack) : null;
    const middle = Math.floor(stacks[stack].images.length / 2);
    viewport.page(index ?? linked ?? keyImage(stack) ?? middle, index !== undefined);
    choose(number);
    viewports.forEach((each) => each.draw());
  };

  const layOut = (count) => {
    const before = viewports.map((viewport) => [viewport.stack, viewport.index]);
    viewports = Array.from({ length: count }, (_, number) => new Viewport(number));
    const place = document.getElementById("viewports");
    place.dataset.count = count;
    place.replaceChildren(...viewports.map((viewport) => viewport.element));
    const first = opening();
    viewports.forEach((viewport, number) => {
      const [stack, index] = before[number] || [first[number]];
      viewport.load(stack, index ?? keyImage(stack) ?? Math.floor(stacks[stack].images.length / 2));
    });
    if (count > 1 && !before[1] && pressed.link) {
      const target = counterpart(viewports[0], viewports[1].stack);
      if (target !== null) viewports[1].page(target, false);
    }
    choose(active);
    viewports.forEach((viewport) => viewport.draw());
  };

  /* What is shown first: the lesion at two time points, else two series of one plane. */
  const opening = () => {
    const lesions = marks.filter((mark) => !mark.projected);
    const alike = (place) => shown.filter((other) => stacks[place].plane && stacks[other].plane === stacks[place].plane).length;
    const fullest = shown.reduce((best, place) => (alike(place) > alike(best) ? place : best), shown[0]);
    const first = lesions.length ? lesions[0].stack : fullest;
    const later = lesions.find((mark) => stacks[mark.stack].timePoint !== stacks[first].timePoint);
    if (later) return [first, later.stack];
    const others = shown.filter((place) => place !== first);
    const like = others.find((place) => stacks[place].plane === stacks[first].plane
      && (stacks[place].label === stacks[first].label) === (stacks[place].timePoint !== stacks[first].timePoint));
    return [first, like ?? others[0] ?? first];
  };

  const use = (tool) => {
    const viewport = viewports[active];
    if (tool in pressed) {
      pressed[tool] = !pressed[tool];
      section.querySelector(`[data-tool="${tool}"]`).setAttribute("aria-pressed", pressed[tool]);
    }
    if (tool === "pair") layOut(pressed.pair ? 2 : 1);
    if (tool === "link" && pressed.link && viewports.length > 1) rememberOffset();
    if (tool === "key") goToKeyImages();
    if (tool === "reset") viewports.forEach((each) => each.neutral());
    if (tool === "screen") fullScreen();
    viewports.forEach((each) => each.draw());
    announce(viewport);
  };

  /* Studies without a common frame of reference stay as they were when they were linked. */
  const rememberOffset = () => {
    const [one, other] = viewports;
    if (!one.image().position || !other.image().position) return;
    const key = (from, to) => `${stacks[from.stack].timePoint}>${stacks[to.stack].timePoint}`;
    const offset = minus(centre(other.image()), centre(one.image()));
    offsets.set(key(one, other), offset);
    offsets.set(key(other, one), offset.map((part) => -part));
  };

  const goToKeyImages = () => {
    viewports.forEach((viewport) => {
      const place = keyImage(viewport.stack);
      if (place !== null) viewport.page(place, false);
    });
  };

  const fullScreen = () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (section.requestFullscreen) section.requestFullscreen().catch(() => {});
  };

  const listSeries = () => {
    const list = document.getElementById("series-list");
    timePoints.forEach((time, number) => {
      const places = stacks.map((_, place) => place).filter((place) => stacks[place].timePoint === number + 1);
      if (!places.length) return;
      const group = document.createElement("div");
      const heading = Object.assign(document.createElement("h3"), { textContent: time });
      const items = document.createElement("ul");
      items.append(...places.map(listItem));
      group.append(heading, items);
      list.append(group);
    });
  };

  const listItem = (place) => {
    const stack = stacks[place];
    const item = document.createElement("li");
    const name = Object.assign(document.createElement("span"), { textContent: stack.label });
    const small = document.createElement("small");
    name.append(small);
    if (!stack.images.length) {
      item.className = "unshown";
      small.textContent = stack.note;
      item.append(name);
      return item;
    }
    small.textContent = `${stack.images.length} ${stack.images.length === 1 ? "image" : "images"}${stack.note ? `; ${stack.note}` : ""}`;
    const middle = stack.images[keyImage(place) ?? Math.floor(stack.images.length / 2)];
    const thumbnail = Object.assign(document.createElement("img"), { src: middle.file, alt: "", loading: "lazy" });
    const button = Object.assign(document.createElement("button"), { type: "button", title: stack.title });
    button.dataset.stackButton = place;
    button.append(thumbnail, name);
    button.addEventListener("click", () => show(active, place));
    item.append(button);
    return item;
  };

  listSeries();
  const narrow = matchMedia("(max-width: 40rem)").matches;
  pressed.pair = shown.length > 1 && !narrow;
  for (const button of section.querySelectorAll("[data-tool]")) {
    const { tool } = button.dataset;
    if (tool in pressed) button.setAttribute("aria-pressed", pressed[tool]);
    if (["pair", "link", "lines"].includes(tool)) button.disabled = shown.length < 2;
    if (["outline", "calipers", "key"].includes(tool)) button.disabled = !marks.length;
    if (tool === "screen") button.hidden = !section.requestFullscreen;
    button.addEventListener("click", () => use(tool));
  }
  layOut(pressed.pair ? 2 : 1);
  return { show: (stack, image) => { show(0, stack, image); section.scrollIntoView(); viewports[0].pane.focus({ preventScroll: true }); } };
})();
