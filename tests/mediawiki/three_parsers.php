<?php
/**
 * Three parsers in one PHP process, each with a Lua process of its own, used in turns and one inside the other.
 * Prints what each rendered, and how many Lua processes there were.
 */

use MediaWiki\Extension\Scribunto\Scribunto;
use MediaWiki\MediaWikiServices;

require_once getenv( 'MW_INSTALL_PATH' ) . '/maintenance/Maintenance.php';

class ThreeParsers extends Maintenance {
	public function execute() {
		$parsers = [];
		foreach ( [ 'A', 'B', 'C' ] as $name ) {
			$parser = MediaWikiServices::getInstance()->getParserFactory()->create();
			$title = Title::newFromText( "Page of $name" );
			$parser->startExternalParse( $title, ParserOptions::newFromAnon(), Parser::OT_HTML );
			$parsers[$name] = $parser;
		}
		// <other>text</other> in A is rendered by B, and in B by C, while the outer Lua waits for its answer.
		$parsers['A']->setHook( 'other', static function ( $text ) use ( $parsers ) {
			return 'B says ' . $parsers['B']->recursiveTagParseFully( $text );
		} );
		$parsers['B']->setHook( 'other', static function ( $text ) use ( $parsers ) {
			return 'C says ' . $parsers['C']->recursiveTagParseFully( $text );
		} );
		$steps = [
			'{{#invoke:FrameArgs|echo|first}} {{PAGENAME}}',
			'{{#invoke:Recursion|down|4}}',
			'{{#invoke:Errors|deep|string}}',
			'{{#invoke:Errors|deep|php}}',
			'{{Infobox|name={{PAGENAME}}|born=1856-07-09}}',
			'{{#invoke:LoadData|runs}}',
			'{{#invoke:CallParserFunction|main}}',
		];
		foreach ( $steps as $step ) {
			foreach ( $parsers as $name => $parser ) {
				$this->output( "$name: " . $parser->recursiveTagParseFully( $step ) . "\n" );
			}
		}
		$this->output( 'from Lua: ' . $parsers['A']->recursiveTagParseFully( '{{#invoke:Other|main}}' ) . "\n" );
		$pids = [];
		foreach ( $parsers as $parser ) {
			$pids[] = Scribunto::getParserEngine( $parser )->getInterpreter()->getStatus()['pid'];
		}
		$this->output( count( array_unique( $pids ) ) . " Lua processes\n" );
		// One ends, the others go on.
		$parsers['B']->clearState();
		foreach ( [ 'A', 'C' ] as $name ) {
			$this->output( "$name: " . $parsers[$name]->recursiveTagParseFully( $steps[0] ) . "\n" );
		}
	}
}

$maintClass = ThreeParsers::class;
require_once RUN_MAINTENANCE_IF_MAIN;
