package busylamp.host;

import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** XML-RPC as the PBX's server speaks it: strings without a type, every number a double. */
final class XmlRpc {
    record Call(String method, List<Object> parameters) {
    }

    private XmlRpc() {
    }

    static Call read(byte[] body) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        factory.setCoalescing(true);
        Element call = factory.newDocumentBuilder().parse(new ByteArrayInputStream(body)).getDocumentElement();
        if (!call.getTagName().equals("methodCall")) {
            throw new IllegalArgumentException("no methodCall");
        }
        List<Object> parameters = new ArrayList<>();
        for (Element param : children(child(call, "params"))) {
            parameters.add(value(child(param, "value")));
        }
        return new Call(child(call, "methodName").getTextContent().trim(), parameters);
    }

    private static Object value(Element value) {
        List<Element> typed = children(value);
        if (typed.isEmpty()) {
            return value.getTextContent();
        }
        Element inner = typed.get(0);
        String text = inner.getTextContent();
        switch (inner.getTagName()) {
            case "string":
                return text;
            case "int", "i4":
                return Integer.valueOf(text.trim());
            case "boolean":
                return text.trim().equals("1");
            case "double":
                return Double.valueOf(text.trim());
            case "array":
                List<Object> items = new ArrayList<>();
                children(child(inner, "data")).forEach(item -> items.add(value(item)));
                return items;
            case "struct":
                Map<String, Object> members = new LinkedHashMap<>();
                for (Element member : children(inner)) {
                    members.put(child(member, "name").getTextContent(), value(child(member, "value")));
                }
                return members;
            default:
                throw new IllegalArgumentException("no type: " + inner.getTagName());
        }
    }

    static String response(Map<String, Object> result) {
        StringBuilder out = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        out.append("<methodResponse><params><param><value>");
        write(out, result);
        return out.append("</value></param></params></methodResponse>").toString();
    }

    static String fault(int code, String text) {
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><methodResponse><fault><value><struct><member><name>faultCode</name>"
                + "<value><i4>" + code + "</i4></value></member><member><name>faultString</name><value>" + escape(text)
                + "</value></member></struct></value></fault></methodResponse>";
    }

    private static void write(StringBuilder out, Object value) {
        if (value instanceof Map<?, ?> map) {
            out.append("<struct>");
            map.forEach((name, member) -> {
                out.append("<member><name>").append(escape(String.valueOf(name))).append("</name><value>");
                write(out, member);
                out.append("</value></member>");
            });
            out.append("</struct>");
        } else if (value instanceof Number number) {
            out.append("<double>").append(number.doubleValue()).append("</double>");
        } else if (value instanceof Boolean on) {
            out.append("<boolean>").append(on ? 1 : 0).append("</boolean>");
        } else {
            out.append(escape(value == null ? "" : value.toString()));
        }
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;");
    }

    private static Element child(Element parent, String name) {
        for (Element child : children(parent)) {
            if (child.getTagName().equals(name)) {
                return child;
            }
        }
        throw new IllegalArgumentException("<" + name + "> is missing");
    }

    private static List<Element> children(Element parent) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element) {
                found.add(element);
            }
        }
        return found;
    }
}
