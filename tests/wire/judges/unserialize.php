<?php
// For each line of hexadecimal: what unserialize() made of it, serialized again, in hexadecimal.
// Objects of unknown classes come back under their own names (__PHP_Incomplete_Class keeps them).
error_reporting( 0 );
while ( ( $line = fgets( STDIN ) ) !== false ) {
	$text = hex2bin( trim( $line ) );
	$value = unserialize( $text );
	echo bin2hex( $value === false && $text !== 'b:0;' ? 'refused' : serialize( $value ) ), "\n";
}
