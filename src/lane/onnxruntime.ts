/** ONNX Runtime as it is used here: by lanes alone, and telling nobody. */
import './without-telemetry.js'

export { env, InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node'
