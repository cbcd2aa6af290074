// Changes the text of one module of the lane as it is loaded: a defect that the product does not have.
let planted

export async function initialize(data) {
  planted = data
}

export async function load(url, context, next) {
  const loaded = await next(url, context)
  if (!url.endsWith(planted.module)) return loaded
  const source = String(loaded.source)
  const changed = planted.changes.reduce((text, [from, to]) => text.replace(from, to), source)
  if (changed === source) throw new Error(`${planted.module} has changed: nothing was planted`)
  return { ...loaded, source: changed }
}
