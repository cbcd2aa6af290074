/**
 * An unpickler that knows tensors, storages and plain containers, and nothing else. A pickle is a program for a stack
 * machine whose dangerous instruction is "call this Python function". Here a call is only ever looked up in a short list of
 * names, each standing for a piece of data; every other name is refused, and nothing is executed in any case.
 * Opcodes: CPython's pickletools, protocols 0 to 5.
 */
import { call, isKnown, type Named, type Pickled, PickleError, storage } from './pickled.js'

/** Most objects a pickle may make; the largest checkpoints make some ten thousand. */
const MAX_OBJECTS = 5_000_000

/**
 * Reads one pickle.
 *
 * @returns The value and the position behind its STOP.
 * @throws PickleError
 */
export function unpickle(bytes: Uint8Array, start = 0): { value: Pickled; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const stack: Pickled[] = []
  const marks: number[] = []
  const memo = new Map<number, Pickled>()
  let at = start
  let objects = 0

  const fail = (what: string) => new PickleError(`${what} at byte ${at}`)
  const take = (count: number): number => {
    const from = at
    if (!(count >= 0) || from + count > bytes.length) throw fail('ends in the middle of an instruction')
    at += count
    return from
  }
  const u8 = () => view.getUint8(take(1))
  const u16 = () => view.getUint16(take(2), true)
  const u32 = () => view.getUint32(take(4), true)
  const u64 = () => Number(view.getBigUint64(take(8), true))
  const slice = (count: number) => {
    const from = take(count)
    return bytes.subarray(from, from + count)
  }
  const utf8 = (count: number) => new TextDecoder().decode(slice(count))
  const latin1 = (count: number) => Buffer.from(slice(count)).toString('latin1')
  const line = () => {
    const end = bytes.indexOf(0x0a, at)
    if (end < 0) throw fail('ends in the middle of a line')
    const text = latin1(end - at)
    at += 1
    return text
  }
  const push = (value: Pickled) => {
    if (++objects > MAX_OBJECTS) throw fail(`makes more than ${MAX_OBJECTS} objects`)
    stack.push(value)
  }
  const pop = (): Pickled => {
    const value = stack.length > (marks.at(-1) ?? 0) ? stack.pop() : undefined
    if (value === undefined) throw fail('takes from an empty stack')
    return value
  }
  const popMark = (): Pickled[] => {
    const mark = marks.pop()
    if (mark === undefined) throw fail('has no mark where it needs one')
    return stack.splice(mark)
  }
  const top = (): Pickled => {
    const value = stack.at(-1)
    if (value === undefined) throw fail('looks at an empty stack')
    return value
  }
  const recall = (index: number): Pickled => {
    const value = memo.get(index)
    if (value === undefined) throw fail(`recalls object ${index}, which it never stored`)
    return value
  }
  const integer = (text: string): number | bigint => {
    if (!/^-?\d{1,40}L?$/.test(text)) throw fail(`has the integer "${text.slice(0, 40)}"`)
    return narrow(BigInt(text.replace('L', '')))
  }
  const setItems = (items: readonly Pickled[]) => {
    const map = top()
    if (!(map instanceof Map) || items.length % 2 !== 0) throw fail('sets items of something that is no dict')
    for (let i = 0; i < items.length; i += 2) map.set(items[i] ?? null, items[i + 1] ?? null)
  }
  const append = (items: readonly Pickled[]) => {
    const list = top()
    if (!Array.isArray(list)) throw fail('appends to something that is no list')
    for (const item of items) list.push(item)
  }
  const named = (module: string, name: string): Named => {
    const full = `${module.replace(/^__builtin__$/, 'builtins')}.${name}`
    if (!isKnown(full)) throw fail(`asks for the Python name "${full}"`)
    return { kind: 'global', name: full }
  }

  for (;;) {
    const opcode = u8()
    switch (String.fromCharCode(opcode)) {
      case '\x80': // PROTO
        if (u8() > 5) throw fail('is of a protocol newer than 5')
        break
      case '\x95': // FRAME
        take(8)
        break
      case '.': // STOP
        return { value: pop(), end: at }
      case '(': // MARK
        marks.push(stack.length)
        break
      case '0': // POP
        pop()
        break
      case '1': // POP_MARK
        popMark()
        break
      case '2': // DUP
        push(top())
        break
      case 'N': // NONE
        push(null)
        break
      case '\x88': // NEWTRUE
        push(true)
        break
      case '\x89': // NEWFALSE
        push(false)
        break
      case 'I': {
        const text = line()
        push(text === '00' ? false : text === '01' ? true : integer(text))
        break
      }
      case 'L': // LONG
        push(integer(line()))
        break
      case 'J': // BININT
        push(view.getInt32(take(4), true))
        break
      case 'K': // BININT1
        push(u8())
        break
      case 'M': // BININT2
        push(u16())
        break
      case '\x8a': // LONG1
        push(longInteger(slice(u8())))
        break
      case '\x8b': // LONG4
        push(longInteger(slice(u32())))
        break
      case 'F': // FLOAT
        push(Number(line()))
        break
      case 'G': // BINFLOAT
        push(view.getFloat64(take(8), false))
        break
      case 'X': // BINUNICODE
        push(utf8(u32()))
        break
      case '\x8c': // SHORT_BINUNICODE
        push(utf8(u8()))
        break
      case '\x8d': // BINUNICODE8
        push(utf8(u64()))
        break
      case 'V': // UNICODE
        push(line())
        break
      case 'T': // BINSTRING, of Python 2
        push(latin1(u32()))
        break
      case 'U': // SHORT_BINSTRING
        push(latin1(u8()))
        break
      case 'B': // BINBYTES
        push(slice(u32()))
        break
      case 'C': // SHORT_BINBYTES
        push(slice(u8()))
        break
      case '\x8e': // BINBYTES8
        push(slice(u64()))
        break
      case '}': // EMPTY_DICT
        push(new Map())
        break
      case 'd': {
        const items = popMark()
        push(new Map())
        setItems(items)
        break
      }
      case 's': {
        const value = pop()
        const key = pop()
        setItems([key, value])
        break
      }
      case 'u': // SETITEMS
        setItems(popMark())
        break
      case ']': // EMPTY_LIST
      case ')': // EMPTY_TUPLE
      case '\x8f': // EMPTY_SET
        push([])
        break
      case 'l': // LIST
      case 't': // TUPLE
        push(popMark())
        break
      case '\x85': // TUPLE1
        push([pop()])
        break
      case '\x86': // TUPLE2
        push([pop(), pop()].reverse())
        break
      case '\x87': // TUPLE3
        push([pop(), pop(), pop()].reverse())
        break
      case 'a': // APPEND
        append([pop()])
        break
      case 'e': // APPENDS
      case '\x90': // ADDITEMS
        append(popMark())
        break
      case 'p': // PUT
        memo.set(Number(line()), top())
        break
      case 'q': // BINPUT
        memo.set(u8(), top())
        break
      case 'r': // LONG_BINPUT
        memo.set(u32(), top())
        break
      case '\x94': // MEMOIZE
        memo.set(memo.size, top())
        break
      case 'g': // GET
        push(recall(Number(line())))
        break
      case 'h': // BINGET
        push(recall(u8()))
        break
      case 'j': // LONG_BINGET
        push(recall(u32()))
        break
      case 'c': // GLOBAL
        push(named(line(), line()))
        break
      case '\x93': {
        const [module, name] = [pop(), pop()].reverse()
        push(named(String(module), String(name)))
        break
      }
      case 'Q': // BINPERSID
        push(storage(pop()))
        break
      case 'R': // REDUCE
      case '\x81': {
        const args = pop()
        push(call(pop(), args))
        break
      }
      case 'b': // BUILD sets attributes; what is read here has none that matter.
        pop()
        break
      default:
        throw fail(`has instruction 0x${opcode.toString(16)}, which data do not need,`)
    }
  }
}

const narrow = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value

/** Little-endian two's complement of any length. */
function longInteger(bytes: Uint8Array): number | bigint {
  if (bytes.length > 16) throw new PickleError('has an integer of more than 16 bytes')
  const magnitude = [...bytes].reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
  return narrow(BigInt.asIntN(bytes.length * 8, magnitude))
}
