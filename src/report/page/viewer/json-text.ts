/**
 * Lays JSON out for reading without ever turning its numbers into numbers: a seed of 2^63−1 keeps its digits. Short lists
 * and objects stay on one line.
 */
export function layOut(json: string, width = 72): string {
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/gs) ?? []
  let next = 0
  const value = (indent: string): string => {
    const token = tokens[next++] ?? ''
    if (token !== '{' && token !== '[') return token
    const end = token === '{' ? '}' : ']'
    const inner = `${indent}  `
    const parts: string[] = []
    while (next < tokens.length && tokens[next] !== end) {
      if (tokens[next] === ',') {
        next++
        continue
      }
      let part = value(inner)
      if (tokens[next] === ':') {
        next++
        part += `: ${value(inner)}`
      }
      parts.push(part)
    }
    next++
    const space = token === '{' && parts.length > 0 ? ' ' : ''
    const line = `${token}${space}${parts.join(', ')}${space}${end}`
    return line.length + indent.length <= width && !line.includes('\n')
      ? line
      : `${token}\n${parts.map(part => inner + part).join(',\n')}\n${indent}${end}`
  }
  try {
    JSON.parse(json)
    return value('')
  } catch {
    // No JSON, or nested deeper than there is stack for: as it came.
    return json
  }
}
