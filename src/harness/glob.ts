/** The few glob characters that case names need: `*`, `?` and `{a,b}`. A pattern matches a whole name. */
export function globMatcher(patterns: string | readonly string[]): (name: string) => boolean {
  const expressions = [patterns].flat().map(pattern => new RegExp(`^(?:${toExpression(pattern)})$`, 'u'))
  return name => expressions.some(expression => expression.test(name))
}

function toExpression(pattern: string): string {
  let depth = 0
  return [...pattern]
    .map(character => {
      if (character === '*') return '.*'
      if (character === '?') return '.'
      if (character === '{') {
        depth++
        return '(?:'
      }
      if (character === '}' && depth > 0) {
        depth--
        return ')'
      }
      if (character === ',' && depth > 0) return '|'
      return character.replace(/[\\^$.|+()[\]{}/]/u, '\\$&')
    })
    .join('')
    .concat(')'.repeat(depth))
}
