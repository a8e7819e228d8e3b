import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.JsonRuleCompiler;
import software.amazon.event.ruler.Machine;

/**
 * Reads one JSON object a line, with a rule's pattern and an event, both as text, and answers each with a line: "true" or "false" for whether AWS's
 * event-ruler matches them, or what it has against the pattern.
 */
class RulerCheck {
    public static void main(String[] args) throws Exception {
        ObjectMapper json = new ObjectMapper();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode question = json.readTree(line);
            System.out.println(answer(question.get("pattern").asText(), question.get("event").asText()));
        }
    }

    static String answer(String pattern, String event) throws Exception {
        String objection = JsonRuleCompiler.check(pattern);
        if (objection != null) {
            return "refused: " + objection.replaceAll("\\s+", " ");
        }
        Machine machine = Machine.builder().build();
        machine.addRule("rule", pattern);
        return String.valueOf(!machine.rulesForJSONEvent(event).isEmpty());
    }
}
