require_relative "snippet"

$stdin.each_line do |line|
  secret, *fields = line.split
  event, stamp, signature, body = fields.map { |f| f[1..].unpack1("m") }
  headers = { "webhook-id" => event, "webhook-timestamp" => stamp, "webhook-signature" => signature }
  puts verify(headers.reject { |_, value| value.empty? }, body, secret) ? "true" : "false"
end
