/* Stacks of pictures side by side: paged by wheel, drag, keys and touch, linked by position in mm. */
const viewer = (() => {
  const section = document.getElementById("images");
  if (!section) return null;
  const { stacks, timePoints, marks } = JSON.parse(document.getElementById("viewer-data").textContent);
  const shown = stacks.map((stack, place) => place).filter((place) => stacks[place].images.length);
  const most = Math.min(3, shown.length);
  const pressed = { link: true, outline: true, calipers: false, lines: true };
  const offsets = new Map();
  const kept = new Set();
  const status = document.getElementById("viewer-status");
  let viewports = [];
  let active = 0;
  let lastWheel = -Infinity;
  let announced = 0;

  const { dot, plus, minus, cross, normal, centre, project, locate } = geometry;

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

    linked() { return pressed.link ? viewports.filter((viewport) => viewport !== this) : []; }

    page(index, follow = true) {
      const place = Math.max(0, Math.min(stacks[this.stack].images.length - 1, index));
      const moved = place !== this.index;
      this.index = place;
      for (const other of follow ? this.linked() : []) {
        const target = counterpart(this, other.stack);
        if (target !== null) other.page(target, false);
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
      this.stage.style.setProperty("--zoom", this.zoom);
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
      this.drawRuler(image);
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
      this.drawLines(image);
      this.find(".pane-lesion").textContent = pressed.outline || pressed.calipers
        ? here.map((mark) => (pressed.calipers && mark.size ? `${mark.label}: ${mark.size}` : mark.label)).join("; ") : "";
    }

    /* Where the planes of the other viewports cut this image. */
    drawLines(image) {
      for (const other of pressed.lines && image.position ? viewports : []) {
        const plane = other === this ? null : other.image();
        if (plane?.position && stacks[this.stack].frameOfReference === stacks[other.stack].frameOfReference) {
          this.drawLine(image, plane);
        }
      }
    }

    drawLine(image, plane) {
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

    /* A bar of whole centimetres that grows with the zoom. */
    drawRuler(image) {
      const ruler = this.find(".ruler");
      const scale = image.position ? (this.fit() * this.zoom) / image.spacing[1] : 0;
      const length = [100, 50, 20, 10, 5].find((each) => each * scale <= this.pane.clientWidth * 0.3);
      ruler.hidden = !scale || !length;
      if (ruler.hidden) return;
      ruler.style.width = `${length * scale}px`;
      ruler.textContent = `${length / 10} cm`;
    }

    /* Pixels of the screen for one of the picture, before zoom. */
    fit() {
      const image = this.image();
      return Math.min(this.pane.clientWidth / image.width, this.pane.clientHeight / image.height);
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
      pane.addEventListener("dblclick", (event) => this.magnify(this.zoom > 1 ? 0 : 2.5, this.at(event.clientX, event.clientY)));
      pane.addEventListener("keydown", (event) => this.key(event));
      this.slider.addEventListener("input", () => { activate(); this.page(Number(this.slider.value) - 1); });
      for (const tone of ["brightness", "contrast"]) {
        const slider = this.find(`.${tone}`);
        slider.addEventListener("input", () => { activate(); this.tone({ [tone]: Number(slider.value) }); });
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
      if (this.pointers.size === 2) { this.pinch(across / 2, down / 2); return; }
      if (event.buttons & 2) {
        this.tone({ contrast: this.contrast + across * 0.6, brightness: this.brightness - down * 0.6 });
      } else if (event.shiftKey || event.buttons & 4) {
        this.move(across, down);
      } else {
        const step = Math.max(5, Math.min(24, this.pane.clientHeight / (1.5 * stacks[this.stack].images.length)));
        this.travelled += down;
        const whole = Math.trunc(this.travelled / step);
        this.travelled -= whole * step;
        if (whole) this.page(this.index + whole);
      }
    }

    pinch(across, down) {
      const [one, other] = [...this.pointers.values()];
      const spread = Math.hypot(one[0] - other[0], one[1] - other[1]);
      this.move(across, down);
      if (this.spread) this.magnify(spread / this.spread, this.at((one[0] + other[0]) / 2, (one[1] + other[1]) / 2));
      this.spread = spread;
    }

    tone(change) {
      const within = (value, most) => Math.max(30, Math.min(most, value));
      const brightness = within(change.brightness ?? this.brightness, 250);
      const contrast = within(change.contrast ?? this.contrast, 300);
      for (const each of [this, ...this.linked()]) { Object.assign(each, { brightness, contrast }); each.draw(); }
    }

    move(across, down) {
      for (const each of [this, ...this.linked()]) { each.pan = plus(each.pan, [across, down]); each.draw(); }
    }

    /* Zoom so that what is at a place of the unzoomed stage, in pixels from its centre, stays there;
       the linked ones about the same point of the patient. */
    magnify(times, place = this.middle()) {
      const zoom = Math.max(1, Math.min(8, this.zoom * times));
      const point = this.image().position ? locate(this.image(), this.onPicture(place)) : null;
      for (const other of this.linked()) other.zoomTo(zoom, other.placeOf(point, this));
      this.zoomTo(zoom, place);
    }

    zoomTo(zoom, place) {
      this.pan = zoom === 1 ? [0, 0] : plus(this.pan, place, this.zoom - zoom);
      this.zoom = zoom;
      this.draw();
    }

    /* What is in the middle of the pane, and how large: kept when another series takes its place. */
    view() {
      const image = this.image();
      const { stack, zoom } = this;
      const point = image.position ? locate(image, this.onPicture(this.pan.map((part) => -part / zoom))) : null;
      return { stack, zoom, point, image: () => image };
    }

    keep(seen) {
      if (seen.zoom === 1) return;
      this.zoom = seen.zoom;
      this.pan = this.placeOf(seen.point, seen).map((part) => -part * seen.zoom);
    }

    at(x, y) {
      const box = this.pane.getBoundingClientRect();
      const place = [x - box.left - box.width / 2, y - box.top - box.height / 2];
      return minus(place, this.pan).map((part) => part / this.zoom);
    }

    /* What keys zoom at: the lesion, else the middle of what is seen. */
    middle() {
      const mark = marks.find((one) => one.stack === this.stack && one.image === this.index);
      return mark ? this.placeOf(mark.centre, this) : this.pan.map((part) => -part / this.zoom);
    }

    onPicture(place) {
      const image = this.image();
      return plus([image.width / 2, image.height / 2], place, 1 / this.fit());
    }

    /* Where a point, given in another viewport's coordinates, lies on the unzoomed stage. */
    placeOf(point, from) {
      const image = this.image();
      if (!point || !image.position || Math.abs(dot(normal(image), normal(from.image()))) < 0.9) return [0, 0];
      const [across, down] = project(image, plus(point, offsetBetween(from.stack, this.stack)));
      return [across - image.width / 2, down - image.height / 2].map((part) => part * this.fit());
    }

    /* At the ends of a stack the page scrolls on, but not out of a running movement. */
    wheel(event) {
      if (event.ctrlKey) { event.preventDefault(); this.magnify(Math.exp(-event.deltaY / 300), this.at(event.clientX, event.clientY)); return; }
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
      const tools = { l: "link", o: "outline", c: "calipers", x: "lines", k: "key", r: "reset", f: "screen" };
      if (event.key in pages) { this.page(pages[event.key]); announce(this); }
      else if (event.key === "+" || event.key === "=") this.magnify(1.25);
      else if (event.key === "-") this.magnify(0.8);
      else if (event.key >= "1" && event.key <= `${most}`) arrange(Number(event.key));
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
      if (place === viewports[active].stack) bringIntoSight(button);
    }
  };

  /* Moves the list of series only, and never the page. */
  const bringIntoSight = (button) => {
    const list = document.getElementById("series-list");
    const [inner, outer] = [button.getBoundingClientRect(), list.getBoundingClientRect()];
    const beyond = (low, high, from, to) => (low < from ? low - from : Math.max(0, high - to));
    list.scrollLeft += beyond(inner.left, inner.right, outer.left, outer.right);
    list.scrollTop += beyond(inner.top, inner.bottom, outer.top, outer.bottom);
  };

  const show = (number, stack, index) => {
    const viewport = viewports[number];
    const seen = viewport.view();
    viewport.load(stack, 0);
    const other = viewports.find((each) => each !== viewport && each.stack !== undefined);
    const linked = pressed.link && other ? counterpart(other, stack) : null;
    const middle = Math.floor(stacks[stack].images.length / 2);
    viewport.page(index ?? linked ?? keyImage(stack) ?? middle, index !== undefined);
    viewport.keep(seen);
    choose(number);
    viewports.forEach((each) => each.draw());
  };

  const arrange = (count) => {
    const before = viewports.map((viewport) => [viewport.stack, viewport.index]);
    viewports = Array.from({ length: count }, (_, number) => new Viewport(number));
    const place = document.getElementById("viewports");
    const focused = place.contains(document.activeElement);
    place.dataset.count = count;
    place.replaceChildren(...viewports.map((viewport) => viewport.element));
    for (const button of section.querySelectorAll("[data-count][aria-pressed]")) {
      button.setAttribute("aria-pressed", Number(button.dataset.count) === count);
    }
    viewports.forEach((viewport, number) => {
      const [stack, index] = before[number] || [suggest(viewports.slice(0, number).map((each) => each.stack))];
      viewport.load(stack, index ?? keyImage(stack) ?? Math.floor(stacks[stack].images.length / 2));
      const target = number && !before[number] && pressed.link ? counterpart(viewports[0], stack) : null;
      if (target !== null) viewport.page(target, false);
    });
    choose(active);
    viewports.forEach((viewport) => viewport.draw());
    if (focused) viewports[active].pane.focus({ preventScroll: true });
  };

  /* What is shown next to what is shown: first the lesion, then the same at another time point,
     then another series of the plane and the time point of the first. */
  const suggest = (taken) => {
    const lesions = marks.filter((mark) => !mark.projected);
    const alike = (place) => shown.filter((other) => stacks[place].plane && stacks[other].plane === stacks[place].plane).length;
    const fullest = shown.reduce((best, place) => (alike(place) > alike(best) ? place : best), shown[0]);
    const [first] = taken;
    if (first === undefined) return lesions.length ? lesions[0].stack : fullest;
    const others = shown.filter((place) => !taken.includes(place));
    const later = lesions.find((mark) => stacks[mark.stack].timePoint !== stacks[first].timePoint);
    if (taken.length === 1 && later) return later.stack;
    const parallel = others.filter((place) => stacks[place].plane === stacks[first].plane);
    const like = taken.length > 1
      ? parallel.find((place) => stacks[place].timePoint === stacks[first].timePoint && stacks[place].label !== stacks[first].label)
      : parallel.find((place) => (stacks[place].label === stacks[first].label) === (stacks[place].timePoint !== stacks[first].timePoint));
    return like ?? parallel[0] ?? others[0] ?? first;
  };

  const use = (tool) => {
    const viewport = viewports[active];
    if (tool in pressed) {
      pressed[tool] = !pressed[tool];
      section.querySelector(`[data-tool="${tool}"]`).setAttribute("aria-pressed", pressed[tool]);
    }
    if (tool === "link" && pressed.link && viewports.length > 1) rememberOffset();
    if (tool === "key") goToKeyImages();
    if (tool === "reset") viewports.forEach((each) => each.neutral());
    if (tool === "screen") fullScreen();
    viewports.forEach((each) => each.draw());
    announce(viewport);
  };

  /* Studies without a common frame of reference stay as they were when they were linked. */
  const rememberOffset = () => {
    for (const one of viewports) {
      for (const other of viewports) {
        if (one === other || !one.image().position || !other.image().position) continue;
        const offset = minus(centre(other.image()), centre(one.image()));
        offsets.set(`${stacks[one.stack].timePoint}>${stacks[other.stack].timePoint}`, offset);
      }
    }
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
  for (const button of section.querySelectorAll("[data-tool]")) {
    const { tool } = button.dataset;
    if (tool in pressed) button.setAttribute("aria-pressed", pressed[tool]);
    if (["link", "lines"].includes(tool)) button.disabled = shown.length < 2;
    if (["outline", "calipers", "key"].includes(tool)) button.disabled = !marks.length;
    if (tool === "screen") button.hidden = !section.requestFullscreen;
    button.addEventListener("click", () => use(tool));
  }
  for (const button of section.querySelectorAll("[data-count][aria-pressed]")) {
    const count = Number(button.dataset.count);
    button.disabled = count > most;
    button.addEventListener("click", () => arrange(count));
  }
  arrange(narrow ? 1 : Math.min(2, most));
  addEventListener("resize", () => viewports.forEach((viewport) => viewport.draw()));
  return { show: (stack, image) => { show(0, stack, image); section.scrollIntoView(); viewports[0].pane.focus({ preventScroll: true }); } };
})();
