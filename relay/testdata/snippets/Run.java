import java.io.*;
import java.util.*;

final class Run {
    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        String[] names = {"webhook-id", "webhook-timestamp", "webhook-signature"};
        for (String line; (line = in.readLine()) != null; ) {
            String[] fields = line.split(" ");
            Map<String, String> headers = new HashMap<>();
            for (int i = 0; i < names.length; i++) {
                byte[] value = Base64.getDecoder().decode(fields[i + 1].substring(1));
                if (value.length > 0) {
                    headers.put(names[i], new String(value, "UTF-8"));
                }
            }
            byte[] body = Base64.getDecoder().decode(fields[4].substring(1));
            System.out.println(Webhooks.verify(headers, body, fields[0]));
        }
    }
}
