// docker-compose as a plugin of the docker command, for machines whose packages have none.
package main

import (
	"github.com/docker/cli/cli-plugins/metadata"
	"github.com/docker/cli/cli-plugins/plugin"
	"github.com/docker/cli/cli/command"
	"github.com/docker/compose/v2/cmd/compose"
	service "github.com/docker/compose/v2/pkg/compose"
	"github.com/spf13/cobra"
)

// version is that of the module which go.mod requires.
const version = "v2.40.3"

func main() {
	plugin.Run(root, metadata.Metadata{
		SchemaVersion: "0.1.0",
		Vendor:        "Docker Inc.",
		Version:       version,
	})
}

func root(cli command.Cli) *cobra.Command {
	command := compose.RootCommand(cli, service.NewComposeService(cli))
	own := command.PersistentPreRunE
	// The plugin's hook connects to the engine; cobra would run only the root's own.
	command.PersistentPreRunE = func(asked *cobra.Command, args []string) error {
		if err := plugin.PersistentPreRunE(asked, args); err != nil {
			return err
		}
		if own == nil {
			return nil
		}
		return own(asked, args)
	}
	return command
}
