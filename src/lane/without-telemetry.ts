/**
 * Has to be loaded before ONNX Runtime: from 1.29 on its official builds for Linux keep a database of sessions and models in the
 * home folder and send it to Microsoft, unless this variable is set (or `CI`, as in its tests). Whoever sets it has decided otherwise.
 */
process.env.ORT_DISABLE_TELEMETRY ||= '1'
