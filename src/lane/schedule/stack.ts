/** Rows of several requests as the rows of one run, and back. */
import type { Feeds, Outputs } from '../session.js'

type Values = Feeds[string]

/** Each input of all requests, one below the other along the first axis. Shapes are equal but for that axis. */
export function stack(requests: readonly Feeds[]): Feeds {
  const [first] = requests
  if (first === undefined || requests.length === 1) return first ?? {}
  return Object.fromEntries(
    Object.keys(first).map(name => [
      name,
      stackValues(requests.map(feeds => feeds[name]).filter(values => values !== undefined)),
    ]),
  )
}

function stackValues(parts: readonly Values[]): Values {
  const length = parts.reduce((sum, { data }) => sum + data.length, 0)
  const [first] = parts
  const shape = [parts.reduce((sum, { shape: [rows = 0] }) => sum + rows, 0), ...(first?.shape.slice(1) ?? [])]
  if (first?.data instanceof BigInt64Array) {
    const data = new BigInt64Array(length)
    fill(parts, (values, at) => data.set(values.data as BigInt64Array, at))
    return { shape, data }
  }
  const data = new Float32Array(length)
  fill(parts, (values, at) => data.set(values.data as Float32Array, at))
  return { shape, data }
}

function fill(parts: readonly Values[], put: (values: Values, at: number) => void): void {
  let at = 0
  for (const values of parts) {
    put(values, at)
    at += values.data.length
  }
}

/** The answers of a stacked run: `rows[i]` of the first axis of every output are those of request i. */
export function split(outputs: Outputs, rows: readonly number[]): Outputs[] {
  if (rows.length === 1) return [outputs]
  const all = rows.reduce((sum, count) => sum + count, 0)
  let first = 0
  return rows.map(count => {
    const from = first
    first += count
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { shape, data }]) => {
        const row = data.length / all
        return [name, { shape: [count, ...shape.slice(1)], data: data.slice(from * row, (from + count) * row) }]
      }),
    )
  })
}

/** Rows of one request: `from` inclusive, `to` exclusive. */
export function sliceRows(feeds: Feeds, from: number, to: number): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(
      ([
        name,
        {
          shape: [rows = 1, ...rest],
          data,
        },
      ]) => {
        const row = data.length / rows
        return [name, { shape: [to - from, ...rest], data: data.subarray(from * row, to * row) }]
      },
    ),
  )
}

/** Answers to the rows of one request that were computed in several runs. */
export function join(answers: readonly Outputs[]): Outputs {
  const joined: Outputs = {}
  for (const [name, values] of Object.entries(stack(answers))) {
    if (values.data instanceof Float32Array) joined[name] = { shape: values.shape, data: values.data }
  }
  return joined
}
