// Changes the text of one module of the lane as it is loaded: a defect that the product does not have.
let planted

export async function initialize(data) {
  planted = data
}

export async function load(url, context, next) {
  const loaded = await next(url, context)
  if (!url.endsWith(planted.module)) return loaded
  let source = String(loaded.source)
  for (const [from, to] of planted.changes) {
    const changed = source.replace(from, to)
    if (changed === source) throw new Error(`${planted.module} has no ${from} any more: nothing was planted`)
    source = changed
  }
  return { ...loaded, source }
}
