<?php
require __DIR__ . '/snippet.php';

while (($line = fgets(STDIN)) !== false) {
    $fields = explode(' ', trim($line));
    $secret = array_shift($fields);
    [$event, $stamp, $signature, $body] = array_map(fn($f) => base64_decode(substr($f, 1)), $fields);
    $headers = array_filter(['webhook-id' => $event, 'webhook-timestamp' => $stamp, 'webhook-signature' => $signature], 'strlen');
    echo verify($headers, $body, $secret) ? "true\n" : "false\n";
}
