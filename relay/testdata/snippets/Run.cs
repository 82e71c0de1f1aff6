using System;
using System.Collections.Generic;
using System.Text;

static class Run
{
    static void Main()
    {
        var names = new[] { "webhook-id", "webhook-timestamp", "webhook-signature" };
        for (string line; (line = Console.ReadLine()) != null;)
        {
            var fields = line.Split(' ');
            var headers = new Dictionary<string, string>();
            for (var i = 0; i < names.Length; i++)
            {
                var value = Convert.FromBase64String(fields[i + 1].Substring(1));
                if (value.Length > 0) headers[names[i]] = Encoding.UTF8.GetString(value);
            }
            var body = Convert.FromBase64String(fields[4].Substring(1));
            Console.WriteLine(Webhooks.Verify(headers, body, fields[0]) ? "true" : "false");
        }
    }
}

namespace System.Security.Cryptography
{
    // Mono, which the test compiles with, has none; .NET has had it since Core 2.1.
    static class CryptographicOperations
    {
        public static bool FixedTimeEquals(byte[] a, byte[] b)
        {
            var different = a.Length ^ b.Length;
            for (var i = 0; i < a.Length && i < b.Length; i++) different |= a[i] ^ b[i];
            return different == 0;
        }
    }
}
