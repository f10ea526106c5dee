import de.vertico.starface.module.core.model.VariableType;
import de.vertico.starface.module.core.model.Visibility;
import de.vertico.starface.module.core.runtime.IBaseExecutable;
import de.vertico.starface.module.core.runtime.IRuntimeEnvironment;
import de.vertico.starface.module.core.runtime.annotations.Function;
import de.vertico.starface.module.core.runtime.annotations.InputVar;
import de.vertico.starface.module.core.runtime.annotations.OutputVar;

/** What the XML-RPC entry point calls, through its wrapper in the descriptor. */
@Function(visibility = Visibility.Private, rookieFunction = false, description = "Busylamp: reads, writes and reports states")
public class BusylampCall implements IBaseExecutable {
    // A value of another type than STRING arrives here as null.
    @InputVar(label = "key", description = "The key of the caller", type = VariableType.STRING)
    public String key = "";

    @InputVar(label = "request", description = "The request", type = VariableType.STRING)
    public String request = "";

    @InputVar(label = "configuredKey", description = "The key of this module instance", type = VariableType.STRING)
    public String configuredKey = "";

    @OutputVar(label = "response", description = "The response", type = VariableType.STRING)
    public String response = "";

    @Override
    public void execute(IRuntimeEnvironment context) throws Exception {
        response = BusylampProtocol.answer(context, key, configuredKey, request);
    }
}
