import { describe, expect, it } from 'vitest'
import { unpickle } from './pickle.js'
import { PickleError } from './pickled.js'

const pickle = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))))

const text = (value: string) => `X${String.fromCharCode(value.length)}\0\0\0${value}`

describe('a pickle of plain data', () => {
  // Made by CPython 3.11: pickle.dumps(value, protocol).hex()
  const value = [1, -5, 300, 70_000, 2n ** 70n, 1.5, true, null, 'aé', new Map<string, number[]>([['k', [1, 2]]])]
  it.each([
    [
      0,
      '286c70300a49310a61492d350a61493330300a614937303030300a614c313138303539313632303731373431313330333432344c0a6146312e350a614930310a614e615661e90a70310a61286470320a566b0a70330a286c70340a49310a6149320a6173612e',
    ],
    [
      1,
      '5d7100284b014afbffffff4d2c014a701101004c313138303539313632303731373431313330333432344c0a473ff80000000000004930310a4e580300000061c3a971017d710258010000006b71035d7104284b014b026573652e',
    ],
    [
      2,
      '80025d7100284b014afbffffff4d2c014a701101008a09000000000000000040473ff8000000000000884e580300000061c3a971017d710258010000006b71035d7104284b014b026573652e',
    ],
    [
      3,
      '80035d7100284b014afbffffff4d2c014a701101008a09000000000000000040473ff8000000000000884e580300000061c3a971017d710258010000006b71035d7104284b014b026573652e',
    ],
    [
      4,
      '8004953f000000000000005d94284b014afbffffff4d2c014a701101008a09000000000000000040473ff8000000000000884e8c0361c3a9947d948c016b945d94284b014b026573652e',
    ],
    [
      5,
      '8005953f000000000000005d94284b014afbffffff4d2c014a701101008a09000000000000000040473ff8000000000000884e8c0361c3a9947d948c016b945d94284b014b026573652e',
    ],
  ])('comes out as Python put it in, protocol %i', (_, hex) => {
    expect(unpickle(Buffer.from(hex, 'hex')).value).toEqual(value)
  })
})

describe('a pickle that asks for more than data', () => {
  it.each<[string, Buffer, RegExp]>([
    [
      'os.system by GLOBAL and REDUCE',
      pickle('cos\nsystem\n', '(', text('touch /tmp/pwned'), 'tR.'),
      /asks for the Python name "os\.system"/,
    ],
    [
      'posix.system by STACK_GLOBAL',
      pickle([0x80, 4], '\x8c\x05posix', '\x8c\x06system', '\x93', text('id'), '\x85R.'),
      /"posix\.system"/,
    ],
    ['eval by INST', pickle('(', text('1'), 'i__builtin__\neval\n.'), /instruction 0x69, which data do not need/],
    ['exec by OBJ', pickle('(', text('1'), 'o.'), /instruction 0x6f/],
    ['a copyreg extension', pickle('\x82\x01.'), /instruction 0x82/],
    ['builtins.getattr', pickle('c__builtin__\ngetattr\n.'), /"builtins\.getattr"/],
    ['torch.load', pickle('ctorch\nload\n.'), /"torch\.load"/],
    ['a name of the prototype', pickle('ctorch\nconstructor\n.'), /"torch\.constructor"/],
    [
      'a storage class that is called',
      pickle('ctorch\nFloatStorage\n', ')R.'),
      /calls the Python name "torch\.FloatStorage"/,
    ],
    ['a call of data', pickle('K\x01', ')R.'), /calls something that is no function/],
    ['a dict that is none', pickle(']', 'K\x01K\x02s.'), /sets items of something that is no dict/],
    ['an object never stored', pickle('h\x07.'), /recalls object 7/],
    ['an empty stack', pickle('0.'), /takes from an empty stack/],
    ['a tuple without a mark', pickle('t.'), /has no mark/],
    ['a text longer than the file', pickle('X\xff\xff\xff\x7fabc'), /ends in the middle/],
    ['a huge text', pickle('\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc'), /ends in the middle/],
    ['a protocol of the future', pickle([0x80, 9], 'N.'), /protocol newer than 5/],
    ['a persistent id that is no storage', pickle(text('x'), 'Q.'), /persistent id that is no storage/],
    ['nothing', pickle(''), /ends in the middle/],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => unpickle(bytes)).toThrow(PickleError)
    expect(() => unpickle(bytes)).toThrow(message)
  })

  it('reads the bookkeeping of old checkpoints as empty placeholders', () => {
    const bytes = pickle('}', 'cpytorch_lightning.callbacks.model_checkpoint\nModelCheckpoint\n', 'K\x01s.')
    const { value } = unpickle(bytes)
    expect(value).toEqual(
      new Map([[{ kind: 'global', name: 'pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint' }, 1]]),
    )
    const scalar = pickle('cnumpy.core.multiarray\nscalar\n', 'K\x01\x85R.')
    expect(unpickle(scalar).value).toEqual({ kind: 'inert', name: 'numpy.core.multiarray.scalar' })
  })
})
