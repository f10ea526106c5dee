package busylamp.host;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** A module descriptor, read and checked as an import does it. */
final class Descriptor {
    /** A variable and what it is wired to. */
    record Variable(String id, String name, String type, boolean byReference, String value) {
    }

    /** A call inside a wrapper. */
    record Call(List<Variable> inputs, List<Variable> outputs, String target) {
    }

    /** A function: a class, or a wrapper with calls. */
    record Function(String id, List<Variable> inputs, List<Variable> outputs, List<Call> calls, String file) {
    }

    /** Something that the PBX calls: `stage` of a life-cycle entry point, null for one of XML-RPC. */
    record EntryPoint(String name, String target, String stage, String type) {
    }

    final String id;
    final List<Variable> variables;
    final Map<String, Function> functions = new HashMap<>();
    final List<EntryPoint> entryPoints = new ArrayList<>();

    Descriptor(byte[] xml) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        Element module = factory.newDocumentBuilder().parse(new ByteArrayInputStream(xml)).getDocumentElement();
        id = module.getAttribute("id");
        demand("5".equals(module.getAttribute("specVersion")), "specVersion is not 5");
        String licence = sha1(id + module.getAttribute("lastChangedTime") + "STARFACE");
        demand(licence.equals(text(module, "noLicenseId")), "Unzureichende Modullizenz");
        demand(sha1(id).equals(text(module, "writeHash")), "the module is locked");
        variables = variables(child(module, "inputVars"));
        for (Element function : children(child(module, "children"), "function")) {
            read(function);
        }
        for (Element point : children(child(module, "entryPoints"), null)) {
            String target = child(point, "functionReference").getAttribute("targetId");
            demand(functions.containsKey(target), "an entry point leads nowhere: " + target);
            boolean rpc = point.getTagName().equals("rpcEntryPoint");
            String stage = rpc ? null : text(point, "stage");
            demand(rpc || functions.get(target).inputs.isEmpty(), "an entry point uses a function with input variables");
            entryPoints.add(new EntryPoint(point.getAttribute("name"), target, stage, rpc ? text(point, "type") : null));
        }
        functions.values().forEach(this::validate);
    }

    private void read(Element element) {
        List<Call> calls = new ArrayList<>();
        for (Element call : children(child(element, "children"), "functionCall")) {
            Element target = child(call, "target");
            demand(id.equals(target.getAttribute("targetDomainId")), "a call leaves the module");
            calls.add(new Call(variables(child(call, "inputVars")), variables(child(call, "outputVars")),
                    target.getAttribute("targetId")));
        }
        Element file = child(element, "implementationFile");
        Function function = new Function(element.getAttribute("id"), variables(child(element, "inputVars")),
                variables(child(element, "outputVars")), calls, file == null ? null : file.getTextContent());
        functions.put(function.id, function);
    }

    /** Every reference leads to a variable; a wrapper's output has no value of its own. */
    private void validate(Function function) {
        if (function.file != null) {
            return;
        }
        for (Variable output : function.outputs) {
            demand(output.value.isEmpty(), "Variable referenced in variable '" + output.name + "' not found");
        }
        for (Call call : function.calls) {
            Function target = functions.get(call.target);
            demand(target != null && target.file != null, "a call leads nowhere");
            for (Variable input : call.inputs) {
                demand(!input.byReference || find(function, input.value), "input '" + input.name + "' refers to nothing");
                demand(target.inputs.stream().anyMatch(known -> known.id.equals(input.id)), "no input " + input.id);
            }
            for (Variable output : call.outputs) {
                demand(find(function, output.value), "output '" + output.name + "' refers to nothing");
            }
        }
    }

    private boolean find(Function function, String variable) {
        List<Variable> all = new ArrayList<>(variables);
        all.addAll(function.inputs);
        all.addAll(function.outputs);
        return all.stream().anyMatch(known -> known.id.equals(variable));
    }

    private static List<Variable> variables(Element parent) {
        List<Variable> all = new ArrayList<>();
        for (Element variable : children(parent, "variable")) {
            all.add(new Variable(variable.getAttribute("id"), variable.getAttribute("name"), variable.getAttribute("type"),
                    "true".equals(variable.getAttribute("valueByReference")), text(variable, "value")));
        }
        return all;
    }

    static void demand(boolean holds, String fault) {
        if (!holds) {
            throw new IllegalArgumentException("the module can't be imported: " + fault);
        }
    }

    private static String text(Element parent, String name) {
        Element child = child(parent, name);
        return child == null ? "" : child.getTextContent().trim();
    }

    private static Element child(Element parent, String name) {
        List<Element> found = children(parent, name);
        return found.isEmpty() ? null : found.get(0);
    }

    private static List<Element> children(Element parent, String name) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent == null ? null : parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element && (name == null || element.getTagName().equals(name))) {
                found.add(element);
            }
        }
        return found;
    }

    private static String sha1(String text) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8));
        return Front.hex(digest);
    }
}
