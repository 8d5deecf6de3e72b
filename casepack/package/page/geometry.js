/* Points and directions are [x, y, z] in mm in the patient (LPS); an image knows its plane. */
const geometry = (() => {
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const plus = (a, b, times = 1) => a.map((value, i) => value + times * b[i]);
  const minus = (a, b) => plus(a, b, -1);
  const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const normal = (image) => cross(image.row, image.column);
  const centre = (image) => plus(
    plus(image.position, image.row, (image.spacing[1] * (image.width - 1)) / 2),
    image.column, (image.spacing[0] * (image.height - 1)) / 2);
  const project = (image, point) => {
    const offset = minus(point, image.position);
    return [dot(offset, image.row) / image.spacing[1] + 0.5, dot(offset, image.column) / image.spacing[0] + 0.5];
  };
  /* The other way: the point of the patient that lies at a place of the picture. */
  const locate = (image, [across, down]) => plus(
    plus(image.position, image.row, (across - 0.5) * image.spacing[1]),
    image.column, (down - 0.5) * image.spacing[0]);
  return { dot, plus, minus, cross, normal, centre, project, locate };
})();
