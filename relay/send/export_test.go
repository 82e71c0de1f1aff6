package send

// RetryAfter returns how long an answer asks to be left alone.
var RetryAfter = retryAfter
